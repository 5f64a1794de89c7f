// Takes the code from the page's address, which no server sees, into the form. Without this script a person pastes it there.
const field = document.querySelector('#code');
if (field) {
  if (location.hash.length > 1) field.value = location.hash.slice(1);
  const isKnown = field.value !== '' && !field.hasAttribute('aria-invalid');
  field.closest('.field').hidden = isKnown;
  (isKnown ? document.querySelector('#password') : field).focus();
}
