"""Alembic's entry: runs on the connection that services.setup hands over."""

from alembic import context

import models

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
