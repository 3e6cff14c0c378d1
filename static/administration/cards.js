/* Where a list is shown as cards, each value says what it is: the words of its column's head. */
for (const table of document.querySelectorAll("#result_list, .table table")) {
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr")) {
    [...row.children].forEach((cell, place) => {
      if (heads[place] && cell.tagName === "TD" && !cell.matches(".action-checkbox, .steps")) {
        cell.dataset.label = heads[place];
      }
    });
  }
}
