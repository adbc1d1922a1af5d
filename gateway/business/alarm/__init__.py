"""Alarms: a value that is wrong for long enough, a device that is silent, and whoever is told of it until somebody answers."""

from gateway.business.alarm.alarm import Alarm

__all__ = ["Alarm"]
