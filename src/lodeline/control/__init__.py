"""What law and pattern make of a consignment: verdicts with reasons, each with the fields and the law it rests on."""
