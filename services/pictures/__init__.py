"""Pictures of how a version answers, for people: scikit-learn's own displays, on matplotlib."""
