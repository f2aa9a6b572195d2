"""How a downloaded ONNX export is used without Grove: a note that every export bears."""

NOTE = """\
import datetime as dt, json, numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx")
about = {k: json.loads(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
def encoded(value, feature):  # categories by their place, what is missing below all numbers
    if feature["type"] == "category":
        return 0 if value is None else ([None, *feature["levels"]].index(value) if value in feature["levels"] else -1)
    if feature["type"] == "date" and value is not None:
        value = (dt.datetime.fromisoformat(value) - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1)
    return np.finfo("f4").min if value is None else value
row = {}  # column: value
X = np.array([[encoded(row.get(f["name"]), f) for f in about["features"]]], "f4").astype("f8")
print(about["classes"], *session.run(None, {"X": X}))  # of several parts: their mean, weighed by trees
"""  # noqa: E501
