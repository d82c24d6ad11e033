"""Measuring the product: load generators and yardsticks. Nothing here is needed to run it."""
