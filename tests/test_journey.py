"""The main job, from a CSV to predictions, through the app and a real worker."""

from __future__ import annotations

from tests.story import FLOWER, Story, flowers, fresh


def test_from_a_csv_to_a_prediction(story: Story) -> None:
    name = story.make_dataset(flowers())
    experiment = fresh("exp")
    created = story.create(id=experiment, dataset=name, target="kind")
    assert created.status_code == 201, created.text
    trained = story.train(experiment)
    assert trained.status_code == 201, trained.text
    tested = story.test(experiment)
    assert tested.status_code == 200, tested.text
    predicted = story.predict(experiment, FLOWER)
    assert predicted.status_code == 200, predicted.text
    print(created.json, trained.json, tested.json, predicted.json)
