"""The browser way to the dataset: Chromium, driven by what a person sees on the page."""
