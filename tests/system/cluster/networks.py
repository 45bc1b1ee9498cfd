"""A network of its own for each node: namespaces joined by a bridge, whose links can be cut. Linux, as root."""
import os
import socket
import subprocess
import sys

from slow_link import SlowLink


def enter():
    """The calling test goes on in a namespace of its own, or ends with the reason why it cannot."""
    if os.environ.get("TUTTI_OWN_NETWORK"):
        return
    probe = subprocess.run(["unshare", "--net", "sh", "-c", "ip link add v0 type veth peer name v1"],
                           capture_output=True, text=True)
    if probe.returncode != 0:
        print(f"SKIPPED: no network namespaces with veth here: {probe.stderr.strip()}")
        sys.exit(77)
    os.environ["TUTTI_OWN_NETWORK"] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


def ip(*words, inside=None):
    prefix = ["nsenter", "-t", str(inside), "-n"] if inside else []
    done = subprocess.run([*prefix, "ip", *words], capture_output=True, text=True, timeout=10)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


class Network:
    """The hub, where the servers and the test are, at 10.77.0.1; nodes at .11, .12 and so on."""
    hub = "10.77.0.1"

    def __init__(self, names, slow=None):
        """`slow`: what SlowLink is told of the link of a node, by its name; `near` is the node's end."""
        self.names = list(names)
        self.slow = slow or {}
        self.holders, self.links = {}, {}
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def build(self):
        ip("link", "set", "lo", "up")
        ip("link", "add", "hub", "type", "bridge")
        ip("addr", "add", f"{self.hub}/24", "dev", "hub")
        ip("link", "set", "hub", "up")
        for name in self.names:
            # A process that does nothing holds the namespace, so that a node can be restarted in it.
            holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
                                      stdout=subprocess.PIPE)
            holder.stdout.readline()
            self.holders[name] = holder
            if name in self.slow:
                self.links[name] = SlowLink(f"t-{name}", f"v-{name}", **self.slow[name])
                ip("link", "set", f"t-{name}", "netns", str(holder.pid), "name", "eth")
            else:
                ip("link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth", "netns", str(holder.pid))
            ip("link", "set", f"v-{name}", "master", "hub")
            ip("link", "set", f"v-{name}", "up")
            for words in (("link", "set", "lo", "up"), ("addr", "add", f"{self.address(name)}/24", "dev", "eth"),
                          ("link", "set", "eth", "up")):
                ip(*words, inside=holder.pid)

    def address(self, name):
        return f"10.77.0.{11 + self.names.index(name)}"

    def prefix(self, name):
        return ["nsenter", "-t", str(self.holders[name].pid), "-n"]

    def cut(self, source, target):
        """What `source` sends to `target` is lost; the other way is as before."""
        ip("route", "replace", "blackhole", f"{self.address(target)}/32", inside=self.holders[source].pid)

    def mend(self, source, target):
        ip("route", "del", "blackhole", f"{self.address(target)}/32", inside=self.holders[source].pid)

    def isolate(self, name):
        """From everything, the servers included."""
        ip("link", "set", f"v-{name}", "down")

    def join(self, name):
        ip("link", "set", f"v-{name}", "up")

    def close(self):
        for link in self.links.values():
            link.close()
        # The kernel takes a namespace's links down some time after its last process: the next network wants their
        # names at once.
        for _, link in socket.if_nameindex():
            if link == "hub" or link.startswith("v-"):
                ip("link", "del", link)
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
            holder.stdout.close()
