"""The words and rules of the field, without any input or output."""
