"""Grow the batch instead of decaying the learning rate, and measure how large a batch is worth it."""

from annealing.batch.noise_scale import NoiseScale, noise_scale, noise_scale_of
from annealing.batch.trade import Trade, TradePlan, trade
from annealing.batch.walk import update_sizes

__all__ = ["NoiseScale", "Trade", "TradePlan", "noise_scale", "noise_scale_of", "trade", "update_sizes"]
