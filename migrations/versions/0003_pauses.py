"""jobs that are paused, and when they will end."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("paused_seconds", sa.Double(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("estimated_end_at", sa.DateTime(timezone=True), nullable=True)
        )


def downgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_column("estimated_end_at")
        batch_op.drop_column("paused_seconds")
        batch_op.drop_column("paused_at")
