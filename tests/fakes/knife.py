"""Ends the work of this process at a chosen place, without ending the process."""


class Cut(BaseException):
    """What a process does not get beyond when it is killed: nothing of Cinder's catches it."""


class Knife:
    """Counts what changes files; after so many of that nothing does any more, until the process begins anew."""

    def __init__(self):
        self.left = None

    def pass_by(self):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Cut


#: One for the process: the driver is made by its class's name.
knife = Knife()
