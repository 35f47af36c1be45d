"""What an audit comes to: every document that somebody has, judged by evaluation and by rules."""
