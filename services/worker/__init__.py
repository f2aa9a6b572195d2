"""The second entrypoint: a process that takes jobs from the queues and does them."""
