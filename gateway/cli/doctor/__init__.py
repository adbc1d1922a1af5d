"""`gateway doctor`: what of this host keeps the gateway, or its devices, from doing well; each finding with the line that mends it.

from gateway.cli.doctor import doctor
"""

from gateway.cli.doctor.doctor import doctor

__all__ = ["doctor"]
