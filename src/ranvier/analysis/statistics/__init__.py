"""Statistics of spike trains. Where a train has too few spikes for a statistic, it is NaN, without a warning; each says when."""
