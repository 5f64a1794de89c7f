// Sends the password with the code in this page's address, and shows the outcome.
const form = document.querySelector('form');
const status = document.querySelector('[role=status]');
form.addEventListener('submit', async (submitted) => {
  submitted.preventDefault();
  const body = JSON.stringify({ code: location.hash.slice(1), password: form.elements.password.value });
  try {
    const answer = await fetch(form.dataset.setup, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (answer.ok) {
      history.replaceState(null, '', location.pathname);
      form.remove();
      status.textContent = form.dataset.done;
    } else {
      const problem = await answer.json();
      status.textContent = `${form.dataset.failed} ${problem.detail}`;
    }
  } catch (error) {
    status.textContent = `${form.dataset.failed} ${error.message}`;
  }
});
