"""The one door to models: nothing else in this product talks to a model provider."""
