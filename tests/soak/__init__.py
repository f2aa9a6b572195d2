"""Long runs of the whole service under load, while its processes are killed."""
