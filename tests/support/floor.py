"""The floor: the work that every frame needs, in as few calls of NumPy and of Box2D's binding as possible.

Whole frames are measured against it. Its definition never changes, so that ratios to it can be compared over years.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy_network import JointHeadsPlan, StackedAdam

from walkerbench.workloads.walker import WalkerWorkload
from walkerbench.workloads.walker.kernels.records import OBSERVATION_SIZE
from walkerbench.workloads.walker.shard import WalkerShard


class Floor:
    """Steps the worlds of a shard, reads its robots once, and multiplies the matrices of its brains.

    Args:
        workload: Whose sizes to take.
        shard: All of its agents, warmed up.
    """

    def __init__(self, workload: WalkerWorkload, shard: WalkerShard) -> None:
        settings = workload.settings
        self._agents = workload.num_agents
        self._shard = shard
        self._step = (settings.physics.dt_s, settings.physics.velocity_iterations, settings.physics.position_iterations)
        self._think = settings.schedule.ai_interval_frames
        self._learn = self._think * settings.schedule.learn_interval_updates
        brain, actions = settings.brain, len(settings.action.pairs)
        plan = JointHeadsPlan(OBSERVATION_SIZE, brain.hidden_units, brain.head_units, actions)
        rng = np.random.default_rng(0)
        # Weights are as large as real ones: denormal numbers would make the floor slower.
        self._parameters = rng.uniform(-0.1, 0.1, (self._agents, plan.size)).astype(np.float32)
        self._target = self._parameters.copy()
        self._adam = StackedAdam(brain, self._agents, plan.size)
        self._plan = plan
        self._batch = brain.batch_size
        self._frame = 0

    def frame(self) -> None:
        """Do the floor's work for one frame."""
        for world in self._shard._worlds:
            world.Step(*self._step)
        values: list[float] = []
        for robot in self._shard._robots:
            if robot is None:  # dead, until it is replaced
                continue
            chassis, shoulder, elbow = robot.chassis, robot.shoulder, robot.elbow
            position, velocity = chassis.position, chassis.linearVelocity
            values += (position.x, position.y, velocity.x, velocity.y, chassis.angle, chassis.angularVelocity)
            values += (shoulder.angle, elbow.angle, shoulder.speed, elbow.speed)
        np.array(values)
        self._infer(slice(self._frame % self._think, self._agents, self._think))
        due = slice(self._frame % self._learn, self._agents, self._learn)
        if len(self._parameters[due]):
            self._learn_once(due)
        self._frame += 1

    def _infer(self, rows: slice) -> None:
        layers = self._plan.layers(self._parameters[rows])
        self._products(layers, 1)

    def _products(self, layers: Any, batch: Any) -> None:
        """Compute the products of one forward pass, on activations of ones."""
        agents = len(layers[0][0])
        *hidden, value, advantage = [weights for weights, _ in layers]
        for weights in hidden:
            np.matmul(np.ones((agents, batch, weights.shape[1]), np.float32), weights)
        last = np.ones((agents, batch, value.shape[1]), np.float32)
        np.matmul(last, value)
        np.matmul(last, advantage)

    def _learn_once(self, rows: slice) -> None:
        """Do the work of a learning step: three forward passes, one backward pass and one step of Adam."""
        online = self._plan.layers(self._parameters[rows])
        self._products(online, self._batch)
        self._products(online, self._batch)
        self._products(self._plan.layers(self._target[rows]), self._batch)
        agents = len(online[0][0])
        gradient = np.empty((agents, self._plan.size), np.float32)
        for depth, ((weights, _), (into, bias)) in enumerate(zip(online, self._plan.layers(gradient), strict=True)):
            inputs = np.ones((agents, self._batch, weights.shape[1]), np.float32)
            upstream = np.ones((agents, self._batch, weights.shape[2]), np.float32)
            np.matmul(inputs.swapaxes(1, 2), upstream, out=into)
            bias.fill(1.0)
            if depth:
                np.matmul(upstream, weights.swapaxes(1, 2))
        self._adam.step(self._parameters, gradient, rows)
