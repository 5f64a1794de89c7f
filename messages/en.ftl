# What people read, in English. messages/fr.ftl has the same messages with the same variables.
# A variable that ends in `_count` is a number and chooses the plural; all others are text that is already formatted.

## Notifications of a node. `$why` is empty, or a reason in parentheses after a space.

notification-somebody-else = somebody else
notification-somebody = A person
notification-validated-by = Validated by { $by }
notification-validated-by-at = Validated by { $by } on { $date } at { $time }
notification-already-validated = { $what } was validated already. Your validation stays in the log and does not count.
notification-conflict-title = Conflicting edit: { $what }
notification-conflict = Another edit was accepted first; a person chooses at central{ $why }.
notification-rejected-title = Rejected by central: { $what }
notification-rejected = The event stays in the log and has no effect{ $why }.
notification-quarantined-title = Quarantined by central: { $what }
notification-quarantined = A person must review it at central before it takes effect{ $why }.
notification-superseded-title = Central's value stays: { $what }
notification-superseded = The event stays in the log; only central changes this value{ $why }.
notification-released-outdone-title = Reviewed, no effect: { $what }
notification-released-outdone = The quarantined event was reviewed at central; another validation counts. { $first }.
notification-released-conflict-title = Reviewed, in conflict: { $what }
notification-released-conflict = The quarantined event was reviewed at central; another edit was accepted first, and a person chooses at central.
notification-released-superseded-title = Reviewed, no effect: { $what }
notification-released-superseded = The quarantined event was reviewed at central; a later value of central's stays.
notification-released-title = Reviewed, in effect: { $what }
notification-released = The quarantined event was reviewed at central and took effect.
notification-resolved-title = Conflict resolved: { $what }
notification-resolved =
    { $choice ->
        [server] { $by } chose: central's version stays, yours does not count{ $why }.
        [local] { $by } chose: your version counts{ $why }.
        [merged] { $by } chose: the two versions are merged{ $why }.
       *[other] { $by } chose: see the record{ $why }.
    }
notification-decision-changed-title = Central changed its decision: { $what }
notification-decision-changed = Central was restored and decided this event a second time{ $why }. Ask head office which decision counts.
notification-row-too-large-title = Too large for this machine: { $what }
notification-row-too-large =
    { $bytes ->
        [unknown] The record has too many bytes and is up to date only at central: read it there, and make it smaller.
       *[other] The record has { $bytes } bytes and is up to date only at central: read it there, and make it smaller.
    }
notification-other-title = { $kind }: { $what }
notification-other = Central reports it{ $why }.

## Answers to phones and desktops. The two contracts send the French texts and fix every letter of them.

device-rejected = Rejected by central: no effect
device-refused-because = Rejected by central, no effect: { $detail }
device-quarantined = Received by central, no effect until a person at head office has reviewed it
device-superseded = Central's value stays
device-already-cancelled = Already cancelled
device-already-validated = Already validated
device-validated-by = Validated by { $by }
device-entity-deleted = Deleted on the server (version { $version })
device-entity-exists = Exists already on the server (version { $version })
device-unknown-entity = Unknown to the server
device-version-differs = Local version ({ $local }) differs from server version ({ $version })
device-unknown-entity-type = Unknown entity type: { $given }. The nearest one is { $nearest }
device-time-ahead = The server gave no such time: send { $field } of the last answer, never the device's clock

## The start pages of both servers.

start-page-go-on = Go on
start-page-driver = Deliveries, for a driver's phone
start-page-api = The API, to read and to try
start-page-node = a shop's node
start-page-read-only = Read-only
start-page-disk-low = Too little room on the disk
start-page-disk-low-detail = Nothing is recorded until there is.
start-page-records = The shop records
start-page-records-detail = Every operation is on disk before its "ok", with or without the network.
start-page-key = Figures need a local key
start-page-unready-detail = /readyz says why.
start-page-off = off
start-page-never = never
start-page-epoch = epoch { $number }
start-page-oldest = the oldest for { $seconds } s
start-page-in-log = In the log
start-page-pending = To be sent
start-page-to-review = To review
start-page-last-contact = Last contact
start-page-queue = What waits for central
start-page-status = The node's state in detail
start-page-last-events = The last five events
start-page-stock = Stock
start-page-shop = Shop { $site }
start-page-node-id = Node { $node }
start-page-ago-seconds = { $number } s ago
start-page-ago-minutes = { $number } min ago
start-page-ago-hours = { $number } h ago
start-page-ago-days =
    { $day_count ->
        [one] { $number } day ago
       *[other] { $number } days ago
    }
start-page-central = the central server
start-page-central-ready = Central is ready
start-page-central-ready-detail = It receives the shops' logs, decides, and answers reports.
start-page-central-unready = Central cannot do its work
start-page-central-unready-detail = /readyz says why. Shops go on without it.
start-page-token = Figures need an administrator's token
start-page-openapi = The same for a program
start-page-readyz = Whether it can work, and if not, why
start-page-healthz = Whether it is alive

## The auditor's report: defects.

audit-defect-form = the file is cut or damaged
audit-defect-digest = a byte of the file outside the chains was changed
audit-defect-count = the counts at the end of the file are wrong
audit-defect-part = this part does not continue the part before it
audit-defect-epoch = the epoch does not begin where it must
audit-defect-missing = records are missing before the head that the file names
audit-defect-seq = a record is missing, doubled or out of order
audit-defect-header = the record's header names another place
audit-defect-chain = the record, or a link before it, was changed
audit-defect-epoch-opened = the first record does not open the epoch
audit-defect-previous-head = the previous epoch did not end where this one says
audit-defect-event-id = an event counts twice
audit-defect-position = an entry is missing, doubled or out of order
audit-defect-decision-chain = the decision, or a link before it, was changed
audit-defect-decision-binding = the decision is about another record
audit-defect-decision = the decision cannot be decoded
audit-defect-verdict = such a record cannot get this verdict
audit-defect-received-at = the order of receipt is broken
audit-defect-duplicate = it is not a duplicate of the record it names
audit-defect-record = the record cannot be decoded
audit-defect-payload = the payload does not fit its schema, and the decision does not object
audit-defect-answer = the stored answer is about another record
audit-defect-known-head = a chain recorded elsewhere is not in the log

## The auditor's report: verify.

audit-intact = Intact: { $held }
audit-break = Break { $code }: { $sentence }.
audit-expected = expected
audit-found = found
audit-read-in-all = Read in all: { $held }
audit-receipt-recorded = This receipt is genuine: the log has exactly this record.
audit-receipt-decided = position { $position }: { $verdict }
audit-receipt-differs = This receipt does not fit: the log has another record in its place.
audit-receipt-missing = These files have no record in the place that this receipt names.
audit-held =
    { $record_count ->
        [one] { $records } record
       *[other] { $records } records
    }, { $decision_count ->
        [one] { $decisions } decision
       *[other] { $decisions } decisions
    }.
audit-node = node
audit-epoch = epoch
audit-byte = byte
audit-decision-chain = position { $position }, decision chain { $chain }
audit-unlinked-beginnings = { $number }: logs that begin before these files and are not linked; give the earlier part too
audit-unknown-previous-heads = { $number }: epochs whose previous head lies outside these files
audit-unknown-originals = { $number }: duplicates whose original is before these files
audit-unknown-schemas = { $number }: payloads whose schema this program does not have

## The auditor's report: compare.

audit-agree = They agree: { $records } records the same, { $decisions } decisions the same.
audit-contradict = They contradict each other: { $records } records the same, { $decisions } decisions the same.
audit-first-record = First record that differs: epoch { $epoch }, seq { $seq }, position { $position }
audit-first-answer = First decision stored differently: epoch { $epoch }, seq { $seq }
audit-restore = Restore of central recorded at position { $position }, { $at }, head { $head }{ $reason }:
audit-restore-moved = { $moved } decisions were stored again, the same, at another position
audit-restore-first = the first: epoch { $epoch }, seq { $seq }: { $node } at the node, { $central } at central
audit-restore-below = { $below } of them were answered at position { $head } or below: central had written before the restore was recorded
audit-alone = epoch { $epoch }, seq { $from } .. { $to }: { $why }
audit-alone-waiting = at the node alone, waiting to be sent
audit-alone-sealed-again = at the node alone, sealed again in a later epoch
audit-alone-before-the-file = at the node, before central's file begins
audit-alone-missing = at the node alone: central does not have them
audit-alone-lost = at central alone: the node's log was shortened

## The auditor's report: replay.

audit-difference = Difference at position { $position }: event { $event }
audit-stored = stored
audit-decided-again = decided again
audit-replay-same = No difference: { $records } records decided again as they had been.
audit-replay-differences = Differences: { $differences } of { $records } decisions are not what the rules say.
audit-replay-applied = Replayed: { $records } records, as they were decided.
audit-replay-unread = Unreadable: { $differences } of { $records } records took effect and cannot be decoded here.
audit-replay-newer-rules = { $number } decisions were made by a newer version of the rules
audit-replay-restored = { $number } decisions are as central had answered them before it was restored
audit-rows = rows
audit-digest = Digest of all: { $digest }

## The page at /ca.

ca-title = trusting the shop's network
ca-none = There is no certificate authority
ca-none-detail = An administrator creates one on central's machine with "comptoir admin ca create".
ca-encrypted = This page came encrypted
ca-encrypted-detail = If your browser showed no warning, this device trusts the network already and nothing is left to do.
ca-plain = This page came unencrypted
ca-plain-detail = Install the file below, then open this page again with https in front of its address.
ca-file = The certificate to install
ca-compare = Before you install it, compare its SHA-256 fingerprint with that of "comptoir admin ca show"
ca-windows = Open the file, choose "Install Certificate", "Local Machine", "Place all certificates in the following store", "Trusted Root Certification Authorities". Chrome and Edge then trust it after a restart.
ca-macos = Open the file; Keychain Access adds it. Double-click it there, open "Trust" and choose "Always Trust".
ca-linux = As root: cp ca.crt /usr/local/share/ca-certificates/comptoir.crt && update-ca-certificates. Chrome has a list of its own: Settings, Privacy and security, Security, Manage certificates, Import.
ca-firefox = Settings, Privacy & Security, Certificates, "View Certificates", "Authorities", "Import"; tick "Trust this CA to identify websites".
ca-android = Download the file, then Settings, Security, More security settings, Encryption & credentials, "Install a certificate", "CA certificate". The device needs a screen lock.
ca-ios = Open the file in Safari and allow the profile; install it in Settings, General, VPN & Device Management. Then Settings, General, About, "Certificate Trust Settings": switch it on.

## The page of a one-time link.

setup-page-title = Choose a password
setup-page-detail = At least 12 characters. Four words are easy to remember and hard to guess.
setup-page-password = Password
setup-page-code = Code of the link
setup-page-code-hint = The part of the link's address after the sign #. The whole link will do as well.
setup-page-button = Save
setup-page-done = The password is saved. Log in with it.
setup-page-failed = The password was not saved. Try again in a moment.
setup-page-weak = This password is easy to guess: it is too short, very common, repetitive, or close to your login. Choose another one; the link stays valid.
setup-page-link-invalid = This link is not valid any more: it was used or it has expired. Ask the person who administers Comptoir for a new one.

## The page of a receipt.

receipt-title = Receipt
receipt-recorded = This receipt is genuine
receipt-recorded-detail = The shop's log has exactly this record.
receipt-not-recorded = This receipt is not in the log here
receipt-not-recorded-detail = It was altered, or the shop has not sent it to this server yet. Ask the shop.
receipt-sale = Sale
receipt-refund = Refund
receipt-cancelled = Cancelled sale
receipt-invoice = Invoice
receipt-closing = Closing of the till (Z)
receipt-training = Training sale, without value
receipt-training-detail = Somebody practised at the till. Nothing was sold and nothing is owed.
receipt-total = Total
receipt-time = Time
receipt-central = Head office
receipt-waits = has not confirmed it yet
receipt-accepted = has accepted it
receipt-reviewed = has it under review

## A printed receipt.

print-number = No. { $number }
print-vat = of which VAT { $rate } %
print-original = of sale { $number }
print-duplicate = DUPLICATA { $number }
print-training = TRAINING
print-cash = cash
print-card = card
print-cheque = cheque
print-account = on account
print-unspecified = method not given
print-change = change
print-x-report = X report, session { $number }
print-z-report = Z report no. { $number }
print-opened = Opened:
print-printed = Printed:
print-closed = Closed:
print-sales = Sales ({ $number })
print-refunds = Refunds ({ $number })
print-float = Float
print-cash-in = Cash in
print-cash-out = Cash out
print-expected = Cash expected
print-counted = Cash counted
print-difference = Difference
print-grand-total = Grand total
print-unsent = Not yet sent to head office: { $number }
print-other-currencies = In another currency: { $number }
