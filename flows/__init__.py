"""Prefect 1.4: tasks that call the pipeline's steps, flows made of them, and running them."""
