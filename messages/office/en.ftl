# Head office's screens, in English. messages/office/fr.ftl has the same messages with the same variables; web/src/office names them.

## Logging in.

office-login-title = Head office
office-login = Login
office-password = Password
office-enter = Log in
office-login-failed = Wrong login or password.
office-out-idle = You were signed out after a quarter of an hour without activity.
office-out-ended = Your session has ended. Log in again.

## The frame.

office-overview = Today
office-reports = Reports
office-conflicts = Conflicts
office-quarantine = Quarantine
office-people = People
office-site = Place
office-state = State
office-actions = Actions
office-somebody = somebody
office-unknown = Unknown
office-more = and { $number } more

## The page of the day.

office-waiting = What waits for a person
office-open-list = Open the list
office-sales = Sales
office-today = Today
office-this-week = This week
office-late = Figures are late
office-complete = Complete up to event { $position }
office-stock-alerts = Stock below zero
office-stock-fine = No stock below zero
office-stock-fine-next = Nothing was sold that is not in stock.
office-stock-partly = Of the first { $number } items.
office-backordered = { $quantity } missing
office-nodes = Nodes
office-nodes-none = No nodes
office-node = Node
office-node-fine = In contact
office-node-new = Never seen
office-node-silent = Silent for { $age }
office-node-clock = Clock is off
office-node-fork = Two copies of its log
office-node-revoked = Revoked
office-last-push = Last push
office-clock-offset = Clock
office-ms = { $number } ms
office-behind = To receive

## Reports.

office-report-sales = Sales
office-report-empty = No sales
office-report-empty-next = Change the dates or the place.
office-report-cut = Only the first { $number } rows are shown. The export has all of them.
office-print = Print
office-by = By
office-by-day = Day
office-by-month = Month
office-by-site = Place
office-by-product = Product
office-by-country = Country
office-by-customer = Customer
office-by-user = Person
office-by-entity = Sale
office-all-sites = Every place
office-from = From
office-to = To
office-as-of = As known at
office-as-of-now = now
office-as-known = As known at { $at }
office-late-sites = Late: { $names }
office-parked = { $number } events not counted
office-show = Show
office-share = Share
office-amount = Amount
office-count-sales = Sales
office-count-refunds = Returns
office-quantity = Quantity
office-total = Total
office-time-unsure = { $number } at an uncertain time
office-csv = CSV
office-csv-french = CSV for French Excel
office-export-failed = The export failed

## Conflicts.

office-conflicts-none = No conflicts
office-conflicts-none-next = When two people change the same record without seeing each other, the question comes here.
office-conflict-version = Changed on both sides
office-conflict-exists = Created on both sides
office-conflict-deleted = Deleted meanwhile
office-conflict-unknown = Never created
office-type = Type
office-all-types = Every type
office-keys = J and K: next, previous. A, B: one side. 1 to 9: one field. Enter: go on.
office-choose-conflict = Choose a conflict
office-choose-conflict-next = You see both values of each field, and then the effect of your choice.
office-first-conflict = Open the first
office-back-to-list = All conflicts
office-question = { $user } changed this record on { $at } without seeing what head office had meanwhile. Which one stays?
office-changed-meanwhile = Somebody was quicker. This is what holds now; choose again.
office-resolved = Decided by { $user } on { $at }.
office-field = Field
office-before = Before
office-server = Head office
office-local = On site
office-keep-server = Keep head office's
office-keep-local = Keep the site's
office-see-effect = See the effect
office-effect = This will change:
office-effect-none = Nothing: head office's record stays as it is.
office-effect-deleted = The record will be deleted.
office-confirm = Confirm
office-unchanged = Fields without a difference
office-nothing-lost = Nothing is erased: both values stay in the log, and a further edit can change a decision.
office-absent = (absent)
office-removed = (removed)
office-empty-text = (empty)
office-yes = yes
office-no = no

## Quarantine.

office-quarantine-none = Nothing in quarantine
office-quarantine-none-next = What central cannot accept without a person comes here.
office-quarantine-what = These operations are kept, and have no effect until a person releases them.
office-release = Release
office-release-title = Release { $entity }
office-release-effect = The operation takes effect now, at the position of its release. Your name and the reason stay in the log.
office-release-reason = Reason
office-released = { $entity } took effect.
office-release-refused = { $entity } still cannot take effect.
office-payload = Content

## People and their devices.

office-new-user = New person
office-user = Person
office-roles = Roles
office-role = Role
office-name = Name
office-create = Create
office-everywhere = everywhere
office-active = Active
office-invited = Invited
office-disabled = Disabled
office-erased = Erased
office-disable = Disable
office-disable-title = Disable { $name }
office-disable-effect = The person's sessions end at once. What the person has recorded stays valid.
office-add-device = Add a device
office-add-device-effect = A code that works once within 48 hours. { $name } types or scans it on the phone.
office-no-site-role = This person has no role at one place. Give one first.
office-new-password = New password
office-new-password-effect = A link that works once within 48 hours, with which { $name } chooses a password.
office-make-code = Create
office-invitation = Link for { $name }
office-device-code = Code for a device of { $name }
office-shown-once = Shown once, valid until { $until }. Copy it now.
office-copied = Copied
office-devices = Devices
office-devices-none = No devices
office-devices-none-next = Add one to a person, who gets a code for the phone.
office-device = Device
office-device-active = Active
office-device-revoked = Revoked
office-last-contact = Last contact
office-revoke = Revoke
office-revoke-title = Revoke { $name }
office-revoke-effect = The device receives nothing more. At its next contact it hands over what it had not sent, into quarantine, then destroys its data and proves it.
office-lost = A lost phone: revoke it here, give the person a new password, then add the new device. Look at the quarantine afterwards.
