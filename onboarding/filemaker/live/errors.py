"""Why a FileMaker Server cannot be read, in words for the clinic: what it is and what to do next.

The numbers are FileMaker's own, from `messages[0].code` of a Data API answer.
Source: help.claris.com, Data API guide, "Error responses", and the FileMaker error codes.
"""

from onboarding.filemaker.fmp.errors import FileMakerFileError

FULL_HOST = frozenset({812, 956})
NO_RECORDS = frozenset({101, 401})
SESSION_ENDED = 952
CANNOT_OPEN = 802

_REST_LAYER = range(1700, 1716)
_ENTRY_RULES = range(500, 600)
_CREDENTIALS = frozenset({1702, 1703})


class LiveSourceError(FileMakerFileError):
    """A server that cannot be read. `permanent`: trying again without a change will not help."""

    code = "live-failed"
    message = "The FileMaker Server cannot be read."
    remedy = "Upload the database file itself (.fmp12) instead."
    permanent = True

    @property
    def number(self) -> int | None:
        """FileMaker's own error number, where the server gave one."""
        found = self.facts.get("number")
        return found if isinstance(found, int) else None


# --- on the way to the server ------------------------------------------------------------------


class ServerNameError(LiveSourceError):
    code = "server-name"
    message = "This is not the address of a server."
    remedy = "Give the name that FileMaker Server is reached by, such as fms.example-clinic.com.au."


class ServerUnknownError(LiveSourceError):
    code = "server-unknown"
    message = "No server of this name is known on the internet."
    remedy = "Check the spelling, and that the name is not one that works inside the clinic only."
    permanent = False


class AddressRefusedError(LiveSourceError):
    """The name stands for an address inside a private network, which could be ours."""

    code = "address-refused"
    message = "This server stands in a private network, which cannot be reached from here."
    remedy = (
        "Give the server's public name, ask the operators of this platform to allow its "
        "network, or upload the database file itself (.fmp12)."
    )


class ServerSilentError(LiveSourceError):
    """No connection, no answer in time, or a connection that breaks again and again."""

    code = "server-silent"
    message = "The server does not answer, or the connection keeps breaking."
    remedy = (
        "Check that FileMaker Server is running and that its firewall lets port 443 in; "
        "then try again."
    )
    permanent = False


class TimeUpError(LiveSourceError):
    """A trial has to end while somebody waits for it."""

    code = "too-slow"
    message = "The server answers too slowly for a test."
    remedy = (
        "Try again in a moment; if it stays, ask whoever looks after the server whether it is busy."
    )
    permanent = False


class CertificateError(LiveSourceError):
    code = "certificate"
    message = "The server's certificate is not one we can trust, so nothing was sent to it."
    remedy = (
        "Install a certificate from a known authority on FileMaker Server, or add the "
        "certificate of your own authority to this connection."
    )


class AuthorityFileError(LiveSourceError):
    code = "authority-file"
    message = "The certificate of your own authority cannot be read."
    remedy = "Add it as a PEM file: text that begins with -----BEGIN CERTIFICATE-----."


class RedirectRefusedError(LiveSourceError):
    code = "redirected"
    message = "The server sends us on to another place, which is not followed."
    remedy = "Give the name that FileMaker Server itself is reached by, without a detour."


class AnswerTooLargeError(LiveSourceError):
    code = "answer-too-large"
    message = "The server's answer is larger than what is read from a server at once."
    remedy = "Upload the database file itself (.fmp12) instead."


class DiskFullError(LiveSourceError):
    code = "disk-full"
    message = "A file from the server could not be kept: our own disk refused it."
    remedy = "Tell the operators of this platform that its disk is full."
    permanent = False


class BrokenAnswerError(LiveSourceError):
    """Not JSON, or not of the shape FileMaker gives its answers."""

    code = "broken-answer"
    message = "What answered is not a FileMaker Server, or its answer is damaged."
    remedy = (
        "Check the server's name. If a firewall or proxy stands before FileMaker Server, it "
        "must let /fmi/ through unchanged."
    )
    permanent = False


# --- what FileMaker Server says ----------------------------------------------------------------


class FileMakerServerError(LiveSourceError):
    """Any number that has no words of its own below."""

    code = "server-error"
    message = "FileMaker Server reported an error."
    remedy = "Try again later; if it stays, give the number to whoever looks after the server."
    permanent = False


class NoRightError(LiveSourceError):
    code = "no-right"
    message = "The account is not allowed to do this."
    remedy = (
        "In FileMaker Pro, File > Manage > Security, give the account's privilege set the "
        "extended privilege fmrest (Data API) or fmodata (OData), and the right to view all "
        "tables and layouts."
    )


class RequestRefusedError(LiveSourceError):
    """The server did not understand us: ours to mend, not the clinic's."""

    code = "request-refused"
    message = "The server did not understand the request."
    remedy = (
        "The server's version may be one we do not know yet: tell us its version, and upload "
        "the database file itself (.fmp12) meanwhile."
    )


class RecordsMissingError(LiveSourceError):
    """101 or 401: past the end, none found, or deleted meanwhile; readers take it as the end."""

    code = "no-records"
    message = "There is no such record any more."
    remedy = "It was deleted while it was being read; run the import again."
    permanent = False


class SchemaChangedError(LiveSourceError):
    code = "schema-changed"
    message = "A field, layout or table is not there any more."
    remedy = "Test the connection again, and look through the mapping: the database was changed."


class BadCredentialsError(LiveSourceError):
    code = "bad-credentials"
    message = "FileMaker does not accept this account name and password."
    remedy = (
        "Type them again. They are not tried a second time by themselves, because FileMaker "
        "locks an account after several wrong passwords."
    )


class PasswordExpiredError(LiveSourceError):
    code = "password-expired"
    message = "The password of this FileMaker account has expired."
    remedy = "Sign in once with FileMaker Pro, choose a new password, and give it here."


class AccountLockedError(LiveSourceError):
    code = "account-locked"
    message = "FileMaker has locked this account after too many wrong passwords."
    remedy = "Wait a few minutes, then try once with the right password."


class DatabaseClosedError(LiveSourceError):
    code = "database-closed"
    message = "The server cannot open this database."
    remedy = (
        "Check the database's name, that it is open on the server (Admin Console > Databases), "
        "and that the account has the extended privilege fmrest."
    )
    permanent = False


class ServerFullError(LiveSourceError):
    code = "server-full"
    message = "The server has no room for another connection, also after waiting."
    remedy = (
        "Run the import when fewer people are signed in, or close unused connections in the "
        "Admin Console."
    )
    permanent = False


class SessionEndedError(LiveSourceError):
    code = "session-ended"
    message = "The server ended our session, and again after we had signed in anew."
    remedy = "Try again; if it stays, restart the Data API in the server's Admin Console."
    permanent = False


class QuotaError(LiveSourceError):
    code = "quota"
    message = (
        "The server's yearly allowance of data sent by the Data API and OData is used up, so it "
        "sends no more."
    )
    remedy = "Upload the database file itself (.fmp12): that needs no allowance."


class InterfaceOffError(LiveSourceError):
    code = "interface-off"
    message = "The Data API (or OData) is switched off on this server."
    remedy = "Ask the server's administrator to switch it on: Admin Console > Connectors."


class ValueRefusedError(LiveSourceError):
    """500-599 come from rules about entering values; an import only reads."""

    code = "value-refused"
    message = "FileMaker refused a value by a rule of the database."
    remedy = (
        "Check the database's rules for the field, or upload the database file itself (.fmp12)."
    )


class ServerBrokenError(LiveSourceError):
    code = "server-broken"
    message = "The server answers with an internal error, also after several attempts."
    remedy = "Restart the FileMaker Web Publishing Engine or the Data API in the Admin Console."
    permanent = False


class SourceChangingError(LiveSourceError):
    code = "changing"
    message = "The records change faster than they can be read."
    remedy = "Run the import when nobody works in FileMaker, in the evening or at the weekend."
    permanent = False


_BY_NUMBER: dict[int, type[LiveSourceError]] = {
    3: NoRightError,
    9: NoRightError,
    10: RequestRefusedError,
    101: RecordsMissingError,
    102: SchemaChangedError,
    105: SchemaChangedError,
    106: SchemaChangedError,
    211: PasswordExpiredError,
    212: BadCredentialsError,
    214: AccountLockedError,
    400: RequestRefusedError,
    401: RecordsMissingError,
    802: DatabaseClosedError,
    812: ServerFullError,
    952: SessionEndedError,
    953: QuotaError,
    956: ServerFullError,
    958: RequestRefusedError,
    959: InterfaceOffError,
    960: RequestRefusedError,
    1630: RequestRefusedError,
    1631: ServerSilentError,
    1701: ServerBrokenError,
    1702: BadCredentialsError,
    1703: BadCredentialsError,
}


def error_of(number: int, text: str = "") -> LiveSourceError:
    """Return the named error for one of FileMaker's numbers; `text` is the server's own words."""
    kind = _BY_NUMBER.get(number)
    if kind is None and number in _REST_LAYER:
        kind = RequestRefusedError
    if kind is None and number in _ENTRY_RULES:
        kind = ValueRefusedError
    kind = kind or FileMakerServerError
    words = (
        f'FileMaker says: {number}, "{shortened(text)}".' if text else f"FileMaker says: {number}."
    )
    return kind(f"{kind.message} {words}", number=number)


def shortened(text: str, longest: int = 120) -> str:
    """Return foreign text on one line and not too long for a message."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
