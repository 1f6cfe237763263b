"""The same estimators on a cluster: `ray` fits and transforms on Ray."""
