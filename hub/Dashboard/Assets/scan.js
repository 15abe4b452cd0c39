// Reads a QR code with the camera, where the browser can (BarcodeDetector); elsewhere nothing is offered, and the text is pasted.
let running = null;

/** Offers a button in an element. @param page Has the method Scanned(text). */
export async function offer(element, page) {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = "Scan with the camera";
  button.addEventListener("click", () => scan(element, button, page));
  element.append(button);
}

async function scan(element, button, page) {
  stop();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    button.textContent = "The camera may not be used: paste the text";
    return;
  }
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  element.append(video);
  running = { stream, video };
  const mine = running;
  await video.play();
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const look = async () => {
    if (running !== mine) return;
    const codes = await detector.detect(video).catch(() => []);
    const code = codes.find((c) => c.rawValue.startsWith("IoTDisco;"));
    if (code) {
      stop();
      page.invokeMethodAsync("Scanned", code.rawValue);
    } else {
      setTimeout(look, 150);
    }
  };
  look();
}

/** Lets the camera go. */
export function stop() {
  running?.stream.getTracks().forEach((track) => track.stop());
  running?.video.remove();
  running = null;
}
