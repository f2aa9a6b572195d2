"""Every route of the API asked once, with success and with errors."""

from __future__ import annotations

import io
from typing import Any

from tests.story import FLOWER, PATIENT, Story, flowers, fresh, table


def journey(story: Story, client: Any) -> None:
    """Every route, with success."""
    data, form, numbers = fresh("data"), fresh("form"), fresh("exp")
    assert story.put(data, flowers()).status_code == 201
    client.get("/v1/datasets")
    client.get(f"/v1/datasets/{data}")
    client.get(f"/v1/datasets/{data}/file")
    experiment = story.make_experiment(dataset=data)
    file = {"file": (io.BytesIO(flowers().encode()), "f.csv"), "target": "kind", "id": form}
    assert client.post("/v1/experiments", data=file).status_code == 201
    client.post(f"/v1/experiments/{form}/train", headers={"Prefer": "respond-async"})
    regress(story, numbers)
    for _ in range(2):
        story.train(experiment, n_estimators=3)
    story.test(experiment)
    story.predict(experiment, FLOWER, {**FLOWER, "colour": "green"})
    served(story, client, experiment)
    for part in ("train", "test"):
        csv = story.get(experiment, f"/splits/{part}").data
        kind = {"data": csv, "content_type": "text/csv"}
        client.post(f"/v1/experiments/{experiment}/predict", **kind)
        client.post(f"/v1/experiments/{experiment}/test", **kind)
    client.get("/v1/experiments?page_size=200")
    story.get(experiment)
    story.patch(experiment, {"description": "x", "active_version": 1})
    client.put(f"/v1/experiments/{experiment}", json={"dataset": data, "target": "kind"})
    for rest in ("", "/2", "/2/model", "/2/model?format=onnx"):
        story.get(experiment, f"/versions{rest}")
    inspected(story, client, experiment)
    client.delete(f"/v1/experiments/{experiment}/versions/2")
    cancelled(story, client, experiment)
    client.get("/v1/jobs?page_size=200")
    for each in (experiment, form, numbers):
        story.delete(each)
    client.delete(f"/v1/datasets/{data}")
    client.get("/livez")
    client.get("/readyz")


def regress(story: Story, experiment: str) -> None:
    name = story.make_dataset(table(["a", "y"], [[n, n / 3] for n in range(40)]))
    story.create(id=experiment, dataset=name, target="y", type="regression")
    story.train(experiment, n_estimators=2)
    story.test(experiment)
    story.predict(experiment, {"a": 1})


def served(story: Story, client: Any, experiment: str) -> None:
    """How the forest does once it serves."""
    made = story.predict(experiment, FLOWER, record=True).json["predictions"]
    outcomes = {"outcomes": [{"prediction_id": made[0]["prediction_id"], "label": "rose"}]}
    path = f"/v1/experiments/{experiment}"
    assert client.post(f"{path}/outcomes", json=outcomes).status_code == 200
    assert client.get(f"{path}/outcomes").json["items"]
    assert client.get(f"{path}/drift").json["features"]


def inspected(story: Story, client: Any, experiment: str) -> None:
    """What there is to know of versions beyond their scores."""
    for rest in ("plots/roc.svg", "plots/roc.png", "importances", "dependence?feature=size",
                 "slices", "thresholds", "card", "card?format=html"):  # fmt: skip
        path = f"/v1/experiments/{experiment}/versions/2/{rest}"
        assert client.get(path, headers=PATIENT).status_code == 200
    path = f"/v1/experiments/{experiment}"
    assert client.get(f"{path}/compare?versions=1,2", headers=PATIENT).status_code == 200
    assert client.post(f"{path}/versions/2/verify", headers=PATIENT).status_code == 200
    for form in ("text/plain", "application/openmetrics-text"):
        assert client.get("/metrics", headers={"Accept": form}).status_code == 200


def cancelled(story: Story, client: Any, experiment: str) -> None:
    address = f"/v1/experiments/{experiment}/train"
    options = {"json": {"n_estimators": 10_000}, "headers": {"Prefer": "respond-async"}}
    job = client.post(address, **options).json["id"]
    story.job(job)
    for what in ("pause", "resume", "cancel"):
        assert client.post(f"/v1/jobs/{job}/{what}").status_code == 200


def refusals(story: Story, client: Any) -> None:
    """Errors of many kinds, each of which its route documents."""
    experiment = story.make_experiment()
    story.predict(experiment, FLOWER)
    story.predict("nobody", FLOWER)
    story.test(experiment)
    story.train(experiment, n_estimators=0)
    story.get("nobody")
    story.patch(experiment, {"target": 1})
    story.patch(experiment, {}, **{"If-Match": '"x"'})
    story.put("Bad Name", "x")
    story.put("empty", "")
    story.create(id=experiment, dataset="nothing", target="x")
    story.get(experiment, "/versions/7")
    story.get(experiment, "/versions/7/model?format=x")
    story.get(experiment, "/splits/calibration")
    client.get("/v1/jobs?page=0")
    client.get("/v1/jobs/x")
    for path in ("train", "test", "predict"):
        address = f"/v1/experiments/{experiment}/{path}"
        client.post(address, data=b"{", content_type="application/json")
        client.post(address, data=b"{", content_type="text/html")
        client.post(address, json={}, headers={"Accept": "text/html"})
