"""What recording and replaying cost, beside peers, as ratios within one run."""
