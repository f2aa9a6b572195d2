"""first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("reading", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("description", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_datasets"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("stalled", sa.Integer(), nullable=False),
        sa.Column("executor", sa.String(), nullable=True),
        sa.Column("experiment", sa.String(), nullable=True),
        sa.Column("experiment_uid", sa.String(), nullable=True),
        sa.Column("dataset", sa.String(), nullable=True),
        sa.Column("params", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.create_index("ix_jobs_created_at", ["created_at"], unique=False)
        batch_op.create_index("ix_jobs_dataset", ["dataset"], unique=False)
        batch_op.create_index("ix_jobs_experiment", ["experiment"], unique=False)
        batch_op.create_index("ix_jobs_experiment_uid", ["experiment_uid"], unique=False)
        batch_op.create_index("ix_jobs_state", ["state"], unique=False)
        batch_op.create_index(
            "uq_jobs_open",
            ["experiment_uid", "kind"],
            unique=True,
            sqlite_where=sa.text(
                "state IN ('queued', 'running', 'paused') AND kind IN ('split', 'train')"
            ),
            postgresql_where=sa.text(
                "state IN ('queued', 'running', 'paused') AND kind IN ('split', 'train')"
            ),
        )

    op.create_table(
        "keys",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_keys"),
        sa.UniqueConstraint("digest", name="uq_keys_digest"),
    )
    op.create_table(
        "seeds",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_seeds"),
    )
    op.create_table(
        "workers",
        sa.Column("executor", sa.String(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("executor", name="pk_workers"),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("features", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("classes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("warnings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("train_path", sa.String(), nullable=True),
        sa.Column("test_path", sa.String(), nullable=True),
        sa.Column("calibration_path", sa.String(), nullable=True),
        sa.Column("train_rows", sa.BigInteger(), nullable=True),
        sa.Column("test_rows", sa.BigInteger(), nullable=True),
        sa.Column("calibration_rows", sa.BigInteger(), nullable=True),
        sa.Column("checksums", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("active_version", sa.Integer(), nullable=True),
        sa.Column("next_version", sa.Integer(), nullable=False),
        sa.Column("model_path", sa.String(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name="fk_experiments_dataset"),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        sa.UniqueConstraint("uid", name="uq_experiments_uid"),
    )
    with op.batch_alter_table("experiments") as batch_op:
        batch_op.create_index("ix_experiments_dataset", ["dataset"], unique=False)

    op.create_table(
        "versions",
        sa.Column("experiment_uid", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("hyper_parameters", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("model_path", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("fit_seconds", sa.Double(), nullable=False),
        sa.Column("checksums", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("manifest", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_uid"],
            ["experiments.uid"],
            name="fk_versions_experiment_uid",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_uid", "number", name="pk_versions"),
    )


def downgrade() -> None:
    op.drop_table("versions")
    with op.batch_alter_table("experiments") as batch_op:
        batch_op.drop_index("ix_experiments_dataset")

    op.drop_table("experiments")
    op.drop_table("workers")
    op.drop_table("seeds")
    op.drop_table("keys")
    with op.batch_alter_table("jobs") as batch_op:
        batch_op.drop_index(
            "uq_jobs_open",
            sqlite_where=sa.text(
                "state IN ('queued', 'running', 'paused') AND kind IN ('split', 'train')"
            ),
            postgresql_where=sa.text(
                "state IN ('queued', 'running', 'paused') AND kind IN ('split', 'train')"
            ),
        )
        batch_op.drop_index("ix_jobs_state")
        batch_op.drop_index("ix_jobs_experiment_uid")
        batch_op.drop_index("ix_jobs_experiment")
        batch_op.drop_index("ix_jobs_dataset")
        batch_op.drop_index("ix_jobs_created_at")

    op.drop_table("jobs")
    op.drop_table("datasets")
