"""What run.sh hands over to, beside the web and the worker themselves."""
