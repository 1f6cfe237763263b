"""Measurements of jamjae, alone and beside the libraries people would pick instead."""
