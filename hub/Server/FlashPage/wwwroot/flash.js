// The boards that images were made for, each with its install button (ESP Web Tools, served by the hub itself: nothing is fetched from elsewhere).
const boards = document.getElementById("boards");

function card(board) {
  const part = document.getElementById("card").content.cloneNode(true);
  part.querySelector("h2").textContent = board.name;
  part.querySelector(".facts").textContent = `${board.chipFamily} · firmware ${board.version} · runtime ${board.runtime}`;
  part.querySelector("esp-web-install-button").setAttribute("manifest", `boards/${board.board}/manifest.json`);
  return part;
}

function none() {
  boards.replaceChildren(document.getElementById("none").content.cloneNode(true));
}

if (!window.isSecureContext) {
  document.getElementById("insecure").hidden = false;
} else if (!("serial" in navigator)) {
  document.getElementById("unsupported").hidden = false;
}

try {
  const answer = await fetch("boards.json", { cache: "no-store" });
  const list = answer.ok ? await answer.json() : [];
  if (list.length === 0) {
    none();
  } else {
    await import("./esp-web-tools/install-button.js");
    boards.replaceChildren(...list.map(card));
    document.querySelector("#after .board").textContent = list[0].board;
  }
} catch (error) {
  console.error(error);
  boards.textContent = `The flashing tool cannot be loaded (${error.message}): run iotxmpp firmware pack again, then load this page again.`;
}
