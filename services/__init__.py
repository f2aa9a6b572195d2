"""What the product does, told in plain values: no HTTP in here."""

import os

# ONNX Runtime reports to its makers unless this stands before it is loaded; Grove tells nobody.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
