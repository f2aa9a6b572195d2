"""The yardstick of predict: the least that a Flask route can do with JSON in and JSON out."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.post("/predict")
def predict() -> Response:
    """Read the rows, and answer with what a prediction looks like."""
    rows = request.get_json()["rows"]
    prediction = {"label": "benign", "probabilities": {"benign": 0.98, "malignant": 0.02}}
    return jsonify({"experiment": "bare", "version": 1, "predictions": [prediction] * len(rows)})
