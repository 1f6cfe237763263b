"""The estimators: thin, in scikit-learn's words."""
