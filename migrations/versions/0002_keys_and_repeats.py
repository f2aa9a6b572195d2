"""keys that expire, the secret behind sessions, requests that are repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    with op.batch_alter_table("keys") as batch_op:
        batch_op.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    # They were unique to nothing before, and told the same work from other work only while it ran.
    op.execute("UPDATE jobs SET idempotency_key = NULL")
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.add_column(sa.Column("fingerprint", sa.String(), nullable=True))
        batch_op.create_index("ix_jobs_idempotency_key", ["idempotency_key"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_index("ix_jobs_idempotency_key")
        batch_op.drop_column("fingerprint")
    with op.batch_alter_table("keys") as batch_op:
        batch_op.drop_column("expires_at")
    op.drop_table("secrets")
