"""The yardstick of predict: the least that a Flask route can do with JSON in and JSON out."""

from __future__ import annotations

import numpy as np
import onnxruntime
from flask import Flask, Response, jsonify, request

CLASSES = ("benign", "malignant")

app = Flask(__name__)


@app.post("/predict")
def predict() -> Response:
    """Read the rows, and answer with what a prediction looks like."""
    rows = request.get_json()["rows"]
    return answered([(0.98, 0.02)] * len(rows))


def answered(shares: list[tuple[float, float]]) -> Response:
    """Predictions of these probabilities."""
    predictions = [
        {"label": CLASSES[row[1] > row[0]], "probabilities": dict(zip(CLASSES, row, strict=True))}
        for row in shares
    ]
    return jsonify({"experiment": "bare", "version": 1, "predictions": predictions})


def with_session(export: str) -> Flask:
    """An app whose route runs a forest on the rows as they come: nothing is checked or logged."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(export, options, providers=["CPUExecutionProvider"])
    served = Flask(__name__)

    @served.post("/predict")
    def predict() -> Response:
        rows = np.array([list(row.values()) for row in request.get_json()["rows"]], dtype=float)
        return answered(session.run(["probabilities"], {"X": rows})[0].tolist())

    return served
