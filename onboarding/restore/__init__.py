"""A clinic made anew from an archive of `onboarding.takeout`."""
