"""The optimizer."""

import torch


def _plain(method):
    """Return a method of torch's optimizers without the guard against tracing.

    The guard imports the compiler at the first call, which takes longer than to fit a
    small model.
    """
    return getattr(method, "__wrapped__", method)


class AdamW(torch.optim.AdamW):
    """torch's AdamW, which does the same with less around a step.

    Where it is not fused, its step is torch's own.
    """

    add_param_group = _plain(torch.optim.Optimizer.add_param_group)
    zero_grad = _plain(torch.optim.Optimizer.zero_grad)

    def step(self, closure=None):
        """Make one step of all parameters that have a gradient.

        Parameters
        ----------
        closure : callable, default=None
            As of torch's; the net does without.
        """
        if closure is not None or not all(map(_is_plain, self.param_groups)):
            return super().step(closure)
        for group in self.param_groups:
            alike = {}  # the kernel takes tensors of one device and type
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault((p.device, p.dtype), []).append(p)
            for parameters in alike.values():
                self._step_group(group, parameters)
        return None

    @torch.no_grad()
    def _step_group(self, group, parameters):
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter] = {
                    "step": torch.zeros((), device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        states = [self.state[parameter] for parameter in parameters]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        beta1, beta2 = group["betas"]
        torch._fused_adamw_(
            parameters,
            [parameter.grad for parameter in parameters],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
            grad_scale=None,
            found_inf=None,
        )


def _is_plain(group):
    special = ("amsgrad", "maximize", "capturable", "differentiable")
    return group["fused"] and not any(group[name] for name in special)
