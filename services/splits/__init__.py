"""A dataset's rows, dealt out to train, test and calibration."""
