"""What a split or a training would take, as it is answered."""

from __future__ import annotations

from marshmallow import fields as ma

from schemas.base import Schema
from schemas.containers import AnyObject, ListOf
from schemas.dataset import WarningSchema


class SplitEstimateSchema(Schema):
    """What a split would learn from, make and take."""

    rows = AnyObject(required=True, metadata={"description": "by part"})
    features = ListOf(AnyObject(), required=True)
    left_out = ListOf(
        AnyObject(), required=True, metadata={"description": "the other columns, and why"}
    )
    warnings = ListOf(ma.Nested(WarningSchema), required=True)
    memory = ma.Integer(required=True, metadata={"description": "bytes to make the split"})
    memory_limit = ma.Integer(required=True, metadata={"description": "bytes that it may take"})
    size = ma.Integer(required=True, metadata={"description": "bytes of the parts' files"})
    seconds = ma.Float(
        required=True, metadata={"description": "to deal the rows out, once they are read"}
    )


class EstimateSchema(Schema):
    """What a training would learn from, take and leave behind."""

    rows = ma.Integer(required=True, metadata={"description": "training rows"})
    features = ListOf(AnyObject(), required=True)
    hyper_parameters = AnyObject(required=True)
    engine = AnyObject(
        required=True, metadata={"description": "what would grow the trees, and why"}
    )
    nodes = ma.Integer(required=True, metadata={"description": "of all trees"})
    memory = ma.Integer(required=True, metadata={"description": "bytes to make the forest"})
    memory_limit = ma.Integer(required=True, metadata={"description": "bytes that it may take"})
    chosen = AnyObject(
        required=True, metadata={"description": "hyper-parameters that make it fit into them"}
    )
    model_size = ma.Integer(required=True, metadata={"description": "bytes of the files"})
    seconds = ma.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "until it is trained, as fast as here; "
            "null where only a cluster has the memory to tell"
        },
    )
