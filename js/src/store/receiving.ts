import { parseKernelMessage } from "../protocol/messages";
import type { Store } from "./store";

/** Gives what came from the kernel to that part of the store whose job it is. */
export function receive(store: Store, content: unknown, bytes: Uint8Array | undefined): void {
  const message = parseKernelMessage(content);
  if ("problem" in message) {
    console.warn(`[atlas_widget] ignored a message: ${message.problem}`);
    return;
  }
  const { revision } = store;
  switch (message.kind) {
    case "layout":
      store.receiveLayout(message);
      break;
    case "sheet":
      store.supply.receive(message, bytes, revision);
      break;
    case "labels":
      if (message.revision === revision) store.cards.receiveLabels(message);
      break;
    case "card":
      if (message.revision === revision) store.cards.receive(message, bytes);
      break;
    case "influence":
      if (message.revision === revision) store.influences.receive(message);
      break;
    case "strongest":
      if (message.revision === revision) store.strongest.receive(message);
      break;
    case "real_crops":
      if (message.revision === revision) store.realCrops.receive(message, bytes);
      break;
    case "classes":
      store.classes.receive(message);
      break;
    case "frame":
    case "inspect_failed":
    case "profile":
    case "class_values":
    case "crop_in_image":
      store.details.receive(message, bytes, revision);
      break;
    case "task_progress":
    case "task_failed":
    case "causal_test":
    case "source_images":
    case "patch_picture":
    case "patch_classes":
    case "patch_tested":
    case "cues":
      store.causes.receive(message, bytes);
      break;
    case "diagnoses":
    case "diagnosis":
    case "halves":
    case "half_classes":
      if (message.revision === revision) store.diagnoses.receive(message, bytes);
      break;
    case "exported":
    case "error":
    case "notice":
      store.banners.receive(message);
      break;
    default:
      message satisfies never;
  }
}
