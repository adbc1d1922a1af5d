"""Home Assistant: every device of the gateway is announced to it, and taken back when it is gone."""

from gateway.business.homeassistant.announcement import Announcement
from gateway.business.homeassistant.homeassistant import HomeAssistant

__all__ = ["Announcement", "HomeAssistant"]
