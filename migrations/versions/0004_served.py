"""what was served: inputs as counts, predictions that were recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def of_version(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["experiment_uid", "version"],
        ["versions.experiment_uid", "versions.number"],
        name=f"fk_{table}_experiment_uid",
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "inputs",
        sa.Column("experiment_uid", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("writer", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=False),
        of_version("inputs"),
        sa.PrimaryKeyConstraint("experiment_uid", "version", "day", "writer", name="pk_inputs"),
    )
    op.create_index("ix_inputs_day", "inputs", ["day"])
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("experiment_uid", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("true_label", sa.String(), nullable=True),
        sa.Column("true_value", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        of_version("predictions"),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
    )
    op.create_index("ix_predictions_of", "predictions", ["experiment_uid", "version", "created_at"])
    op.create_index("ix_predictions_created_at", "predictions", ["created_at"])


def downgrade() -> None:
    op.drop_table("predictions")
    op.drop_table("inputs")
