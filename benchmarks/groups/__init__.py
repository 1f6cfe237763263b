"""One module a question. Each has ``run(runs, quick)``, which gives tables and versions."""
