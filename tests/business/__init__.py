"""Tests of the ordinary actors that come in the box."""
