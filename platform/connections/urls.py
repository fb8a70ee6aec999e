from __future__ import annotations

from django.urls import path

from connections import views

app_name = "integrations"
urlpatterns = [
    path("", views.integrations, name="list"),
    path("deliveries/", views.delivery_list, name="deliveries"),
    path("deliveries/<uuid:pk>/again/", views.deliver_again, name="deliver_again"),
    path("deliveries/<uuid:pk>/done/", views.mark_done, name="mark_done"),
    path("deliveries/<uuid:pk>/give-up/", views.give_up, name="give_up"),
    path("<slug:provider>/card/", views.card, name="card"),
    path("<slug:provider>/connect/", views.connect, name="connect"),
    path("<slug:provider>/callback/", views.callback, name="callback"),
    path("<slug:provider>/choose/", views.choose, name="choose"),
    path("<slug:provider>/dismiss/", views.dismiss, name="dismiss"),
    path("<slug:provider>/test/", views.test, name="test"),
    path("<slug:provider>/disconnect/", views.disconnect, name="disconnect"),
]
