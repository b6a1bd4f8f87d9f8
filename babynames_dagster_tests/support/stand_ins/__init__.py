"""The stand-ins for Kaggle and HubSpot as tests use them: reached, looked into, and made to fail."""
