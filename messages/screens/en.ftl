# The screens of a node, in English. messages/screens/fr.ftl has the same messages, with the same variables; web/src names them.

## Shared.

close = Close
cancel = Cancel
opening = One moment…
duration-seconds = { $number } s
duration-minutes = { $number } min
duration-hours = { $number } h
duration-days = { $number } d
not-a-price = An amount, such as 12.50
not-a-quantity = A quantity, such as 2 or 0.5
not-a-discount = A discount, such as 10

## The frame: where to go, the state, who is here.

nav-label = Screens
nav-skip = Skip to the content
nav-till = Till
nav-receipts = Receipts
nav-queue = Queue
menu-label = Settings and session
menu-language = Language
menu-theme = Theme
menu-theme-auto = Auto
menu-theme-light = Light
menu-theme-dark = Dark
menu-lock = Lock
menu-sign-out = Sign out
menu-unsent = { $number } operations wait to be sent. They stay at the node and leave without you.
state-up-to-date = Up to date
state-sending = Sending ({ $number })
state-waiting = Waiting: { $number }
state-waiting-since = Waiting: { $number }, for { $age }
state-offline = Offline – you can go on
state-offline-pending = Offline – you can go on ({ $number } waiting)
state-action = Action required: { $number }
state-starting = Connecting…
state-unreached = Node not answering
state-unreached-detail = The shop's node does not answer. Nothing can be recorded until it is back; what is on the screen is kept here.

## What can fail, with the next step.

problem-unreachable = The node does not answer. Check that it is switched on; the screen keeps trying to reach it.
problem-unauthorized = The session has ended. Sign in again.
problem-locked = The screen is locked. Unlock it with your PIN.
problem-password-required = The PIN is not enough this time: enter the password.
problem-too-many = Too many attempts. Wait a little, then try again.
problem-forbidden = You may not do this. Ask a manager.
problem-disk-full = The shop's disk is full: nothing was recorded. Make room, then try again.
problem-read-only = The shop's log takes nothing any more: nothing was recorded. Call support.
problem-busy = The node is busy. Try again in a moment.
problem-changed = Somebody else was faster. The list is up to date.
problem-not-found = This no longer exists.
problem-revoked = Head office has revoked this node. Call them.
problem-other = This did not work. Nothing was recorded.

## Signing in.

session-title = Open this till
session-who = Who are you?
session-login = Login
session-way = How
session-pin = PIN
session-password = Password
session-erase = Erase
session-enter = Enter
session-refused = Refused. Check what you entered. After five wrong PINs only the password opens; after several tries you have to wait a little.
session-with-key = With a local key
session-key = Local key
session-key-hint = `comptoir key create` makes one. With `make run` it is in comptoir-data/till.header.
session-locked = Screen locked
session-locked-by = Screen locked by { $name }
pin-title = Choose my PIN
pin-new = New PIN, 4 to 8 digits
pin-wrong = 4 to 8 digits
pin-save = Save the PIN
session-other = Somebody else

## The till.

till-find = Find a product
till-search = Scan, or search a name, a code
till-products = Products
till-loading = Products are loading…
till-no-products = No products
till-no-products-next = Head office has not sent any yet. A scanned code can be sold all the same, at the price that you type.
till-nothing-found = Nothing for “{ $typed }”
till-nothing-found-next = Enter sells it as an unknown code, at the price that you type.
till-no-price = no price
till-said = { $name }: { $quantity }
till-prices-changed = Head office changed the price of { $number } products. Lines already entered keep theirs.
till-recording = Recording…
till-not-recorded = This sale is not confirmed
till-not-recorded-next = The receipt comes once the node has answered. Sending it again cannot count it twice.
till-send-again = Send again
unknown-title = Unknown code: { $code }
unknown-unpriced = No price: { $name }
unknown-detail = No product has this code. You can sell it at the price that you type; head office sees the code as it is.
unknown-name = Description
unknown-price = Price ({ $currency })
unknown-add = Add
cart-label = Cart
cart-lines = Lines of the cart
cart-empty = The cart is empty
cart-empty-next = Scan a product, or type its name. “3*code” adds three.
cart-edit = Edit { $name }
cart-less = One less: { $name }
cart-more = One more: { $name }
cart-remove = Remove { $name }
cart-each = { $quantity } × { $price }
cart-discount = discount { $amount }
cart-total =
    { $pieces_count ->
        [0] Total
        [one] Total, { $pieces } line
       *[other] Total, { $pieces } lines
    }
cart-tax = of which VAT { $rate }%: { $amount }
cart-hold = Hold
cart-held = Recall
cart-held-count = Recall ({ $number })
cart-pay = Pay
line-quantity = Quantity
line-discount = Discount
line-discount-kind = Discount in
line-discount-too-much = More than the line
line-total = Line
line-remove = Remove the line
line-save = Save
stock-unknown = Stock not known here
stock-known = In stock: { $quantity } (known at { $at })
stock-waiting = { $quantity } sold and waiting to be sent
hold-title = Hold this cart
hold-label = A word to find it again
held-title = Held carts
held-none = No cart is held
held-busy = Finish or hold the current cart before you recall another one.
held-unnamed = Unnamed
held-recall = Recall
held-line =
    { $lines_count ->
        [one] { $at }, { $lines } line
       *[other] { $at }, { $lines } lines
    }

## Payment.

tender-title = Payment
tender-due = Due
tender-rest = Still due
tender-method = Method of payment
tender-given = Cash received
tender-amount = Amount
tender-quick = Usual amounts
tender-change = Change
tender-remains = { $amount } will remain
tender-exact = Exact
tender-too-much = More than is due: only cash gives change
tender-add = Add this payment
tender-record = Record the sale
tender-remove = Remove: { $method }
method-cash = Cash
method-card = Card
method-cheque = Cheque
method-account = On account
done-label = Sale recorded
done-recorded = Recorded
done-number = Receipt { $number }
done-given = of { $amount }
done-next = Next sale
done-unread = The sale is recorded, but its receipt cannot be read.

## Receipts.

receipt-label = Receipt
receipt-print = Print
receipt-missing = No receipt { $number } in this node's log.
receipt-failed = Head office did not let this sale take effect:
receipts-find = Receipt number, or scan its code
receipts-open = Open
receipts-none = No sales
receipts-none-next = This node's first sale appears here.
receipts-number = Receipt
receipts-at = At
receipts-lines = Products
receipts-amount = Amount
receipts-state = State
receipts-more = Older
status-acked = At head office
status-sending = On its way
status-failed = To review
status-pending = Waiting
paper-sale = Receipt
paper-refund = Refund
paper-lines = Lines
paper-total = Total
paper-refunded = Refunded
paper-tax = of which VAT { $rate }%
paper-reason = Reason: { $reason }
paper-code = Code that proves this receipt
paper-proof = Scan to check this receipt
refund-title = Refund
refund-of = Refund receipt { $number }
refund-list = Refunds
refund-nothing-left = All refunded
refund-left = { $quantity } left to refund
refund-all = All
refund-too-many = More than is left
refund-reason = Reason (required)
refund-due = To give back
refund-record = Record the refund
refund-incomplete = The log is long: a more recent refund may be missing here. Head office will check.

## The queue.

queue-title = Queue
queue-waiting = What waits to be sent
queue-empty = Everything is sent
queue-empty-next = Every operation of this node has reached head office.
queue-what = What
queue-since = Since
queue-who = By
queue-more = and { $number } more
fact-screen = This screen and the node
fact-screen-reached = The shop's node answers.
fact-screen-lost = No answer since { $at }. Nothing can be recorded.
fact-central = The node and head office
fact-central-off = Synchronisation is switched off by a setting.
fact-central-lost = Head office does not answer. You can go on: the node keeps trying.
fact-central-never = No contact yet.
fact-central-unknown = No contact yet.
fact-central-reached = Head office answers.
fact-queue = The queue
fact-queue-none = waiting
fact-queue-oldest = waiting, the oldest for { $age }
fact-queue-review = { $number } for a person to review
notifications-title = To know
notifications-seen = Seen
action-sale = Sale
action-refund = Refund
action-reception = Reception
action-delivery = Delivery validated
action-invoice = Invoice
action-audit = Audit entry
action-create = Creation
action-update = Change

## The page of all components.

ui-title = Components
ui-colours = Colours
ui-buttons = Buttons
ui-fields = Fields
ui-messages = Messages
ui-icons = Icons
ui-dialog = Dialog
ui-dialog-open = Open the dialog

## The demonstration: cutting the shop off from head office.

demo-connected = Demonstration: this shop is connected to head office. Cut the connection and go on selling.
demo-cut = Demonstration: the connection to head office is cut. Everything you do waits here, and leaves when it is back.
demo-cut-action = Cut the connection
demo-connect-action = Connect again

## Deliveries.

nav-deliveries = Deliveries
deliveries-title = Deliveries
deliveries-scan = Scan a note
deliveries-whose = Which deliveries
deliveries-mine = Mine
deliveries-all = All
deliveries-todo = To deliver
deliveries-later = Later days
deliveries-done = Done today
deliveries-none = No delivery today
deliveries-none-next = They appear here as soon as head office creates them.
deliveries-all-done = Everything is delivered
deliveries-all-done-next = No stop is left for today.
stop-validated = Validated
stop-waiting = Validated here, waiting to be sent
stop-outdone = Somebody else was first
stop-review = Head office checks it
stop-cancelled = Cancelled
stop-back = All deliveries
stop-lines = Goods
stop-comment = Remark
stop-add-proof = Add a proof or a remark
stop-missing = Missing: { $what }. If that is not possible here, explain it in the remark.
stop-lines-wrong = A line is incomplete: quantity and reason.
stop-validate = Validate the delivery
stop-validate-partly = Validate in part
line-delivered = Delivered
line-refused = Refused
line-damaged = Damaged
line-missing = Missing
line-how-many = How many
line-reason = Reason
line-too-many = From 1 to { $most }
line-reason-missing = Say why
proof-qr = Code of the note
proof-name = Received by
proof-signature = Signature
proof-photo = Photo
proof-position = Position
code-scanned = Code scanned
code-typed = Code typed by hand
code-read = Scan or type the code
code-again = Read the code again
signature-empty = Signature area, empty
signature-there = Signature kept
signature-by-name = Write the name
signature-clear = Erase
photo-take = Take a photo
photo-again = Take again
photo-remove = Remove
photo-taken = The photo that was taken
photo-unreadable = This file is not a readable picture.
position-take = Note the position
position-again = Note it again
position-refused = The browser refuses the position. Allow it in its settings, or explain it in the remark.
position-unsupported = This device gives no position here. Explain it in the remark.
position-unknown = No position for the moment. Try outside, or explain it in the remark.
scan-title = Scan a code
scan-picture = Picture of the camera
scan-looking = Hold the code in the picture.
scan-unreadable = Unreadable? Move closer or back, flatten the paper, switch on the lamp, or type the code.
scan-torch = Lamp
scan-other-camera = Other camera
scan-typed = Code typed by hand
scan-typed-hint = The last six characters printed under the code are enough, or the number of the note.
scan-use = Look up
scan-sparing = Low-battery mode: the camera stays off. The code can be typed.
scan-camera-anyway = Switch on the camera
scan-insecure = The camera needs an address with https. Type the printed code.
scan-refused = This page may not use the camera. Allow it in the browser, or type the printed code.
scan-none = This device has no camera. Type the printed code.
scan-busy = The camera does not answer; another application may be using it. Type the printed code.
scan-other-stop = This code belongs to another stop: { $other }.
scan-not-this-stop = This code is not the one of this delivery.
verdict-next = Continue
verdict-anyway = Deliver all the same
verdict-somebody = somebody
verdict-other-user = another user ({ $id })
verdict-by = Validated by { $by }.
verdict-by-at = Validated by { $by }, at { $at }.
verdict-by-at-place = Validated by { $by }, at { $at }, at the point { $place }.
verdict-done = Delivery validated
verdict-done-next = Head office has recorded it.
verdict-here = Validated here
verdict-here-next = Waiting to be sent. You can go on: nothing is lost.
verdict-already = Already validated
verdict-already-next = Do not deliver it a second time. If in doubt, call head office.
verdict-outdone = Somebody else was first
verdict-outdone-next = Your validation stays in the log and does not count.
verdict-review = Head office checks it
verdict-review-next = Head office has received the validation and checks it before it counts.
verdict-cancelled = Delivery cancelled
verdict-cancelled-next = Head office has cancelled it. Bring the goods back.
verdict-site = Not for this site
verdict-site-next = This delivery is for another site.
verdict-driver = For another driver
verdict-driver-next = It is assigned to { $driver }.
verdict-unknown = Unknown code
verdict-unknown-detail = “{ $code }” is not the code of any delivery known here.
verdict-unknown-known = Deliveries known at { $at }. A newer one may be missing.

## The driver's phone, on the road.

driver-title = Deliveries on the road
driver-settings = Settings and login
driver-unreached = Head office does not answer. This step needs a network; try again in a moment.
driver-enrolment-invalid = This code is unknown, used or expired. Ask head office for a new one.
driver-device-limit = Three devices already have this name. Head office has to revoke one first.
driver-not-enrolled = This phone is not enrolled for this user.
driver-full = The phone is full: nothing was recorded. Make room, then validate again.
driver-label-phone = Phone
driver-label-browser = Browser
driver-unsupported = This browser does not work here: an address with https and a recent Chrome, Firefox or Safari are needed.
driver-enrol = Head office gives you a code that works once. It binds this phone to your account.
driver-enrol-scan = Scan the code
driver-enrol-code = Or type the code
driver-enrol-go = Enrol this phone
driver-enrol-hint = The code begins with cpe_.
driver-no-code = This is no enrolment code: it begins with cpe_.
driver-wiped = Head office revoked this phone. What was recorded was handed over, and the data is erased from here.
driver-waiting-login = { $number } waiting on this phone: sent as soon as you log in.
driver-sparing = Low-battery mode: no automatic look-ups, camera off, dark screen. Validations are sent when you open the screen or validate.
driver-grace = More than 72 hours without contact: log in with a network before you validate. What is recorded stays here.
driver-login-ends = Your login ends soon: sign out and log in again while you have a network.
driver-new-version = A new version is ready.
driver-reload = Reload
driver-loading = First load: { $number } rows…
driver-send-now = Send now
driver-line = Head office answers.
driver-line-lost = Offline: you can go on, the phone tries again by itself.
driver-queue-empty-next = Every validation of this phone has reached head office.
driver-attempts = Attempts: { $number }
driver-export = Export to a file
driver-files = Photos and signatures still to send: { $number }
driver-refused = Head office refused it: { $reason }
driver-out-waiting = { $number } waiting to be sent. They stay on this phone and go with your next login.
driver-out-anyway = Sign out all the same
driver-power = Battery
driver-power-detail = Below 20 % the screen enters low-battery mode by itself, if the browser shows the battery.
driver-power-on = Save
driver-power-off = Normal
driver-appearance = Language and look
driver-phone = This phone
driver-persisted = The browser keeps the data of this page.
driver-not-persisted = Add this page to the home screen: without that, the browser may erase its data after a week without a visit.

## Where to go, by what one may do.

nav-receptions = Goods in
nav-stock = Stock
nav-invoices = Invoices
nav-clients = Clients
nav-more = More
place-not-offered = { $name }: this is not your place
place-not-offered-next = Choose a screen from the menu, or ask a manager for this right.

## Drafts.

draft-changed = Not saved yet…
draft-saved = Draft saved at { $at }
draft-not-saved = The draft is not saved; the screen keeps trying.
draft-elsewhere = This draft was changed on another screen.
draft-take-theirs = Take the other version
draft-keep-mine = Keep mine
draft-gone = This draft no longer exists: it was recorded or given up.
draft-give-up = Give up
draft-give-up-title = Give up this draft?

## Goods in.

reception-free = Goods without an order
reception-counting = Being counted
reception-continue = Continue
reception-expected = Expected
reception-find = Scan the note, or search for an order
reception-not-found = No open order for “{ $typed }”
reception-none-expected = Nothing is expected
reception-none-expected-next = Head office has no open order for this shop. Goods without an order can be received all the same.
reception-incomplete = The log is long: an old reception may be missing from what is still to come.
reception-expected-on = for { $day }
reception-progress = Complete: { $done } of { $of }
reception-count = Count
reception-done = Received
reception-none-done = No reception yet.
reception-note = Delivery note
reception-goods = Goods
reception-undone = Undone
reception-start = Count { $name }
reception-way = Way of counting
reception-way-open = With what is expected
reception-way-blind = Blind
reception-open-detail = Each line shows what is expected.
reception-blind-detail = What is expected stays hidden until the count is finished.
reception-said = { $name }: { $quantity }
reception-scan = Scan a product, or search for its name
reception-unknown-hint = Nothing for “{ $typed }”. Enter adds it as an unknown product.
reception-empty = Nothing is counted
reception-empty-next = Each scan counts one more. “12*code” counts twelve.
reception-counted-of = Counted: { $name }
reception-of = of { $expected }
reception-unexpected = not ordered
reception-lot-is = lot { $lot }
reception-damaged-is = damaged: { $quantity }
reception-surplus-title = More than ordered: { $name }
reception-surplus-detail = Counted: { $counted }, expected: { $expected }. Is the surplus kept?
reception-surplus-keep = Keep the surplus
reception-unexpected-title = Not on the order: { $name }
reception-unexpected-detail = This product is not expected. Once added it counts like the others; the difference is noted.
reception-unknown-detail = No product has this code. Once added it is received under this code; head office will see it.
reception-join = Add to the reception
reception-leave-out = Leave out
reception-give-up-detail = The count is lost. Nothing enters stock.
reception-counted = Counted
reception-damaged = Damaged, refused
reception-reason = Reason
reception-reason-wanted = Say why
reception-lot = Lot
reception-cost = Unit cost { $currency }
reception-finish = Finish the reception
reception-note-number = Number of the delivery note
reception-supplier = Supplier
reception-no-difference = Everything is here, as ordered.
reception-free-ready = Ready to record.
reception-differences = Differences
reception-counted-only = Counted: { $counted }
reception-counted-expected = Counted: { $counted }, expected: { $expected }
reception-is-damaged = Damaged: { $quantity }
reception-is-missing = Missing: { $quantity }
reception-is-surplus = Too many: { $quantity }
reception-is-unexpected = Not ordered: { $quantity }
reception-remainder = What is missing stays expected.
reception-nothing = Nothing is counted: there is nothing to record.
reception-recount = Count again
reception-record = Record the reception
reception-number = Reception { $number }
reception-undo = Undo the reception
reception-undo-detail = All its goods leave stock by an opposite operation. The reception stays visible.
reception-undone-by = Undone by { $name }, { $at }: { $reason }

## Stock.

stock-find = Product or code
stock-explained = The figure is head office's, as of the time shown. What waits here will be added to it.
stock-which = Which products
stock-all = All
stock-low-ones = Low or sold out
stock-below-ones = Below zero
stock-waiting-ones = Waiting to be sent
stock-none = No stock known
stock-none-next = Head office has sent none yet.
stock-nothing-found = Nothing matches
stock-nothing-found-next = Change the search or the filter.
stock-product = Product
stock-quantity = Quantity
stock-known-when = Known at
stock-known-at = known at { $at }
stock-waits = { $waiting } waiting
stock-fact = { $quantity } (known at { $at })
stock-fact-waiting = { $quantity } (known at { $at }, { $waiting } waiting)
stock-only-waiting = Stock unknown here ({ $waiting } waiting)
stock-more = and { $number } more: narrow the search
level-unknown = Unknown
level-below = Below zero
level-none = Sold out
level-low = Low
level-enough = In stock

## Clients.

clients-find = Client, city or telephone
clients-new = New client
clients-none = No clients
clients-none-next = “New client” creates one, offline too.
clients-nothing-found = No client for “{ $typed }”
client-name = Name
client-email = E-mail
client-phone = Telephone
client-address = Address
client-postcode = Postcode
client-city = City
client-vat = VAT number
client-note = Note
client-create = Create the client
client-save = Save
client-saved = Saved.
client-read-only = You may read this client, not change it.
client-same-name = A client has this name already:
client-in-conflict = In conflict
client-conflict-detail = Two people changed this client. Head office chooses; you can go on.
client-changed-merged = Somebody changed other fields of this client in the meantime. Both versions are put together below; check them, then save.
client-changed-choose = Somebody changed the same fields in the meantime. Choose for each, then save.
client-theirs = Theirs: { $value }
client-mine = Yours: { $value }

## Invoices.

invoices-find = Number or client
invoices-new = New invoice
invoices-drafts = Drafts
invoices-continue = Continue
invoices-none = No invoices
invoices-none-next = “New invoice” begins one, offline too.
invoice-no-client = Without a client
invoice-number = Invoice
invoice-client = Client
invoice-other-client = Change
invoice-due = Due
invoice-lines = Lines
invoice-empty = No lines
invoice-empty-next = Search for a product; “3*code” adds three.
invoice-incomplete = A client and at least one line are needed.
invoice-give-up-detail = The draft is deleted. No number is lost.
invoice-issue = Issue the invoice
invoice-issue-detail = An issued invoice does not change any more. It has { $reference } until head office gives the official number.
invoice-unnumbered = without a number
invoice-provisional = Provisional
invoice-official = Official
invoice-cancelled = Cancelled
invoice-cancelled-mark = Cancelled, credit note { $number }
invoice-failed = Head office did not let this invoice take effect:
invoice-title = Invoice { $number }
invoice-provisional-detail = Provisional number: the official one follows.
invoice-was = First printed as { $reference }
invoice-made-on = Issued { $at }
invoice-due-on = Due { $day }
invoice-unit-price = Unit price
invoice-vat = VAT
invoice-lines-elsewhere = This invoice was issued elsewhere; head office has its lines.
invoice-cancel = Cancel with a credit note
invoice-cancel-detail = The invoice keeps its number. Head office numbers the credit note.

## The queue: what needs a person, and the attempts.

attention-title = A person has to see to this
attention-next = Next:
refused-title = Refused for good
refused-detail = These operations are kept here and in the log, but took no effect.
next-conflict = head office chooses between this version and the other. Nothing to do again here.
next-quarantined = head office checks it, then releases it. Nothing to do again here.
next-central-only = only head office can do this. Ask them.
next-done-already = this existed already: check what counts, there is nothing to do again.
next-rejected = do the operation again, correctly; tell a manager if the customer has left.
next-decision-changed = head office was restored and decided differently. Call them.
next-other = show this to a manager.
action-reception-undone = Reception undone
action-invoice-cancelled = Invoice cancelled
action-delete = Deletion
fact-central-just-now = Last contact just now.
fact-central-ago = Last contact { $age } ago.
notifications-show-seen = Show what was seen, too
notifications-all-seen = All seen
notifications-none = Nothing new.
notifications-seen-at = seen { $at }
queue-export = Export the log
queue-export-who = A manager can export the log to a file and take it to head office.
queue-attempts =
    { $attempts_count ->
        [one] { $attempts } attempt without success, since { $at }.
       *[other] { $attempts } attempts without success, since { $at }.
    }
queue-next = Next attempt in { $time }.
queue-next-now = Trying again.
queue-retry = Try again now
sync-not-reached = Head office does not answer: the network is cut, or its server is down.
sync-busy = Head office answers that it can take nothing at the moment.
sync-store = Head office has trouble with its storage. Nothing is lost here; tell them.
sync-not-accepted = Head office and this node do not accept each other: key, right or certificate. Call support.
sync-clock = The clock of this node is behind. Set it.
sync-other = Sending to head office fails.

## The session of the till.

nav-drawer = Session
receipt-sent-to-printer = Sent to the shop's printer.
problem-printer = The printer does not answer: nothing was printed. Check that it is on, then try again.
problem-print-cut = The printer stopped while it printed. Try again: that will be a duplicate.
problem-till-open = A session is open already. The screen shows it.
problem-till-closed = That session is no longer open. The screen shows the till as it is.
problem-reason = Cash counted and cash expected differ: say why.
drawer-closed = The till is closed
drawer-may-not-open = You may not open the till. Ask a cashier or a manager.
drawer-later = Sell without a session
drawer-open-title = Open the till
drawer-open-detail = The cash that is in the drawer now. Sales are counted from here on.
drawer-float = Opening float
drawer-open = Open the till
drawer-way = Way of counting
drawer-way-amount = One amount
drawer-way-pieces = Notes and coins
drawer-not-pieces = a number
drawer-cash = Cash in or out
drawer-cash-in = Cash in
drawer-cash-out = Cash out
drawer-cash-record = Record
drawer-amount = Amount ({ $currency })
drawer-reason = Reason (required)
drawer-x = X report
drawer-count = Count and close
drawer-session = Session no. { $number }
drawer-opened-with = Opened { $at } with { $float }
drawer-net = Net sales
drawer-net-of = { $sales_count ->
    [one] { $sales } sale
   *[other] { $sales } sales
}, { $refunds_count ->
    [one] { $refunds } refund
   *[other] { $refunds } refunds
}
drawer-expected = Cash expected
drawer-expected-detail = Float, cash sales, cash in and out
drawer-by-method = By method of payment
drawer-nothing-sold = Nothing has been sold in this session yet.
drawer-moves = Cash in and out
drawer-no-moves = None so far.
drawer-closings = Closings
drawer-closing = Closing
drawer-closed-at = On
drawer-no-closings = No closing yet
drawer-no-closings-next = The Z report of each session will be here, numbered without gaps.
drawer-close-title = Close session no. { $number }
drawer-counted = Cash counted
drawer-difference = Difference
drawer-difference-reason = Reason for the difference (required)
drawer-unrecorded = A paid sale is not recorded yet. Go back to the till: it is sent again as soon as the node answers.
drawer-unsent = { $number } operations have not reached head office yet. They keep their session and will be sent by themselves; you may close.
drawer-close = Close the till
report-x = X report, session { $number }
report-z = Z report no. { $number }
report-opened = Opened: { $at }
report-printed = Printed: { $at }
report-closed = Closed: { $at }
report-sums = Sales, taxes and payments
report-sales = Sales ({ $number })
report-refunds = Refunds ({ $number })
report-grand-total = Grand total
report-unsent = Not yet sent to head office: { $number }
report-other-currencies = In another currency, not in these sums: { $number }
report-proof = Scan to check this closing
method-unspecified = Not given
menu-change = { $name }: change the person
line-price = Price ({ $currency })
line-list-price = Catalogue price: { $price }
line-price-reason = Reason for the new price (required)
line-price-right = To change the price, ask a manager.
cart-price-changed = price changed

## Practising.

training-begin = Training mode
training-end = Leave training mode
training-on = Training mode.
training-detail = Nothing is sold: no stock, no totals, no reports.
training-mark = TRAINING
training-series = T-
paper-training = Training sale, without value
