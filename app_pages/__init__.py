"""The pages of the app: widgets, one core call, words and layers."""
