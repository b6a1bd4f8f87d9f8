"""What is kept between steps."""
