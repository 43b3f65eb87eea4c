"""What a network's designer can change, and what each change costs or saves on a platform."""
