// What the console's pages do in the browser beyond htmx: open and close the tree, keep its place.
const POSITION = 'wangge-tree-position';

function toggleBranch(button) {
  const open = button.getAttribute('aria-expanded') !== 'true';
  button.setAttribute('aria-expanded', String(open));
  button.closest('li').dataset.open = String(open);
}

function toggleSide(button) {
  const shown = document.getElementById('side').classList.toggle('shown');
  button.setAttribute('aria-expanded', String(shown));
}

document.addEventListener('click', (event) => {
  const branch = event.target.closest('.tree .toggle');
  if (branch) {
    toggleBranch(branch);
  }
  const menu = event.target.closest('.bar .menu');
  if (menu) {
    toggleSide(menu);
  }
});

// The box in a list's head chooses the whole page.
document.addEventListener('change', (event) => {
  const name = event.target.dataset?.all;
  if (name) {
    for (const box of document.querySelectorAll(`input[type=checkbox][name="${name}"]`)) {
      box.checked = event.target.checked;
    }
  }
});

document.querySelector('.tabs [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

const side = document.getElementById('side');
if (side) {
  const kept = sessionStorage.getItem(POSITION);
  if (kept) {
    side.scrollTop = Number(kept);
  }
  side.querySelector('.row.here')?.scrollIntoView({ block: 'nearest' });
  addEventListener('pagehide', () => sessionStorage.setItem(POSITION, String(side.scrollTop)));
}

// An answer that is an error is said aloud instead of being passed over.
document.addEventListener('htmx:responseError', (event) => {
  const status = event.detail.xhr.status;
  if (status !== 401) {
    location.assign(location.href);
  }
});
