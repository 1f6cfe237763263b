"""How good models are: metrics, and estimators compared in one table."""
