"""What users test with, tested."""
